"""DICOM images: a series of slices or frames as a volume, a single image as a picture."""
