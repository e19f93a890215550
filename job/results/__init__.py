"""What is stored: the tables' columns, and the files that hold them."""
