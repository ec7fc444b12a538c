"""The link: numbered frames of captures from workers to the keeper, and acknowledgements back."""
