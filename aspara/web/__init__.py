"""HTTP without a host: what the endpoints do, for any Tornado application that lends them a base class."""
