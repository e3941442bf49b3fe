"""The board of a class: learners who have joined it say how their steps stand, and the teacher sees who is where.

`server` runs on the teacher's machine, `client` on a learner's; `code` is what is typed to find one another.
"""
