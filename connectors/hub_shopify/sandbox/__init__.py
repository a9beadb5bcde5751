"""A simulated Shopify: one shop, its customers, orders, products and checkouts. See README.md.

shop      the routes, who is let in, what the suite asks
records   objects as the API shows them
execute   any query is answered by walking it over the objects
lists     searching, sorting and paging
cost      what a query costs, and the bucket of points
jobs      bulk operations
"""

from hub_shopify.sandbox.shop import ShopifySandbox

__all__ = ["ShopifySandbox"]
