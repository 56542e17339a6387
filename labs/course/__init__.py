"""What a course needs besides the labs: notebooks for students, grading, the answer key, a mirror for a classroom."""
