"""A middleware that shows pages under a content security policy."""

import secrets

from django.conf import settings


def content_security(get_response):
    """Send the policy that the setting has, if it has one; each page has a nonce of its own."""

    def answer(request):
        policy = getattr(settings, "CONTENT_SECURITY_POLICY", None)
        if policy is None:
            return get_response(request)
        request.csp_nonce = secrets.token_urlsafe(16)
        response = get_response(request)
        response["Content-Security-Policy"] = policy.format(nonce=request.csp_nonce)
        return response

    return answer
