"""Accuracy of depth and all-in-focus image on rendered scenes that no forward model here has made."""
