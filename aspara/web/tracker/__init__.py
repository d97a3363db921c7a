"""The tracker's endpoints: runs received from other machines."""
