"""The points of one metric as sorted columns, in memory or in mapped files."""
