"""Networks: tensors in, tensors out. No database, no pictures from disk, no network access."""
