"""Networks that draw pictures from noise."""
