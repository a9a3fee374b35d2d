"""Lets every test import what stands beside this file, such as `servers`."""

import os

# Each worker has one core: threads of a model that wait for one another there take many times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")
