"""Speed, memory and quality, measured by scripts and kept in `recorded/` for the documents."""
