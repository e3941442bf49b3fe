"""Probes ask the world one question each and bring back a fact. Nothing else in the lab asks the world.

A probe is a function of the world. It raises NotThere where there is nothing to see yet, and Blocked where the
world does not answer.
"""
