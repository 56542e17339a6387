"""Commands that train many times: verify, baseline, sweep."""
