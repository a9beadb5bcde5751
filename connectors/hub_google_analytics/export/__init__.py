"""The BigQuery export of GA4: tables of a day each become events.

events     an exported event becomes a row
days       which tables and days are read again
queries    the SQL, of needed columns alone
"""
