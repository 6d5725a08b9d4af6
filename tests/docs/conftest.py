import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS / "datasets"))  # for official_files.py
sys.path.insert(0, str(TESTS.parent / "docs" / "hooks"))  # for the references made from the code
