"""Speed and memory, side by side with the course's own way in one run."""
