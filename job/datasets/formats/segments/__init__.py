"""Files of named segments that may overlap: which there are, and each as a mask on the grid of an image."""
