-- wrk_status.lua - each request reads the status of one of many instances. WRK_PATHS: a file of paths, one a line.
local requests, at = {}, 0

function init()
    for path in io.lines(os.getenv("WRK_PATHS")) do
        requests[#requests + 1] = wrk.format("GET", path)
    end
    at = math.random(#requests)
end

function request()
    at = at % #requests + 1
    return requests[at]
end
