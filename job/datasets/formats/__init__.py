"""One file a file format: from the bytes of a file to its values as stored, and what is doubtful about them."""
