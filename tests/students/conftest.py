import pytest
from encoders import make
from small import ARCHITECTURES


@pytest.fixture(params=sorted(ARCHITECTURES))
def encoder(request):
    return make(request.param)
