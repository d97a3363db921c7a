"""What is logged beside numbers: images, tables, sounds, … One kind a file; nothing heavy is imported until a value needs it."""
