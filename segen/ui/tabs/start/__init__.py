"""Where the page opens: results at once, doors to the rooms, and what each room holds."""
