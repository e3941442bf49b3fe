"""The course in a terminal: a script run as a step's try, and lab shell with all that is typed there."""
