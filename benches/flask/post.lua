-- What wrk sends: texts of different lengths in turn, so that nothing is answered from memory.
local texts = {
  "show me flights from boston to denver",
  "what is the cheapest fare from berlin to oslo on monday morning",
  "which airlines fly from amsterdam to chicago",
  "ground transportation in dubai",
  "what does fare code q mean",
  "i would like an aisle seat on the first flight to berlin on a partner airline",
  "how far is the airport from downtown",
  "is there a meal on the flight from rome to cairo that leaves at 7 in the evening",
}
local at = 0

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"

request = function()
  at = at % #texts + 1
  return wrk.format(nil, "/intent", nil, '{"text": "' .. texts[at] .. '"}')
end
