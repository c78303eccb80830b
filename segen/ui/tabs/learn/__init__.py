"""The tab Learn: models that train while one watches."""
