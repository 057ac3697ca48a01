"""The floor for one call at a time: answers on descriptor 4 what comes on 3."""

import os

while data := os.read(3, 4096):
    os.write(4, data)
