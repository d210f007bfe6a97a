"""What schemathesis checks in place of one of its own checks; schemathesis.toml names this file."""

import schemathesis
from schemathesis.generation.meta import CoveragePhaseData, CoverageScenario


@schemathesis.check
def unknown_method_is_the_gateways_404(ctx, response, case):
    """Replaces `unsupported_method`, which wants 405 where API Gateway responds with 404 (T-01)."""
    data = case.meta.phase.data if case.meta else None
    if isinstance(data, CoveragePhaseData) and data.scenario == CoverageScenario.UNSPECIFIED_HTTP_METHOD:
        assert response.status_code == 404, f"{response.request.method} got {response.status_code} and not 404"
        assert response.json() == {"message": "Not Found"}, response.text
