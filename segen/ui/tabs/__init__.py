"""The tabs: one file each. A tab module has `NAME`, its words under NAME in the catalogue, and `build`."""
