"""What a run learns from: sources, roles, groups, augmentation, batches."""
