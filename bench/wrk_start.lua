-- wrk_start.lua - each request starts an instance. WRK_INPUT: its input.
wrk.method = "POST"
wrk.body = os.getenv("WRK_INPUT") or '"x"'
wrk.headers["Content-Type"] = "application/json"
