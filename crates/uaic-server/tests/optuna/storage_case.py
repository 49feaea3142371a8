"""Optuna's own test case for storages, over a server whose port is in UAIC_TEST_PORT.

`test_get_all_trials_params_order` fails with Optuna's own server, too: the protocol keeps parameters in a map.
"""

import os

import optuna
import pytest
from optuna.storages import GrpcStorageProxy

try:
    from optuna.testing.pytest_storages import StorageTestCase
except ImportError:  # a version without
    StorageTestCase = None


@pytest.fixture
def storage():
    proxy = GrpcStorageProxy(host="127.0.0.1", port=int(os.environ["UAIC_TEST_PORT"]))
    proxy.wait_server_ready(timeout=10)
    for study in proxy.get_all_studies():
        proxy.delete_study(study._study_id)
    yield proxy
    proxy.close()


if StorageTestCase is not None:

    class TestStorage(StorageTestCase):
        pass
else:

    def test_a_version_without_the_test_case(storage):
        pytest.skip(f"optuna {optuna.__version__} has no test case for storages")
