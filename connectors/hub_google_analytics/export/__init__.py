"""The BigQuery export of GA4: tables of a day each become events. See README.md.

settings      what a user writes
source        what the hub calls: check, read
days          which tables and days are read again
tables        what an export is to the source
bigquery      the export in BigQuery, by its REST API
files         the export as Parquet or JSON files
queries       the SQL, of needed columns alone
events        an exported event becomes a row
sandbox       a simulated BigQuery
"""
