"""What every package builds on: errors, configs, paths, console output, atomic files."""
