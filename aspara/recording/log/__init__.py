"""The path of ``log()``: values checked, converted, encoded and written."""
