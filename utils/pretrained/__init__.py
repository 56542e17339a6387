"""Pretrained backbones, their weights and cached features."""
