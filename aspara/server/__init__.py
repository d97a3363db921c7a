"""The standalone host: plain Tornado, for the dashboard and the tracker."""
