"""What the tests themselves use of this system, for a suite that is run in the stand-in; the libraries of Windows do without."""

import _pytest.tmpdir
import platformdirs  # noqa: F401
import psutil  # noqa: F401
import tornado.autoreload
import tornado.log
import tornado.process  # noqa: F401

_pytest.tmpdir.get_user_id = lambda: None
