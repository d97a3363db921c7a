"""A tracker far away: everything is journalled here first, then sent in order, each thing once."""
