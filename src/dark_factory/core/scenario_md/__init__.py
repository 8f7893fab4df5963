"""From the text of a scenario file to its values."""
