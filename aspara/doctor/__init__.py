"""The health of a data directory: what is wrong in it, and repairs that can be undone.

Nothing is ever deleted: what has to go is moved into a folder ``.doctor-<date>`` in the data directory, and what a file said
before it was changed is kept there too. A run that is being written is left alone.
"""
