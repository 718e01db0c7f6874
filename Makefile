# Every target does all the set-up it needs: Python 3.11+ and make are enough.
