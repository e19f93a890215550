"""Mean and standard deviation of ImageNet's colours, in [0, 1], by which networks that were trained on it normalise."""

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
