-- Counts one connection for all of the keys, or for none where one of their quotas is used up; atomic, as all scripts.
--
-- KEYS     one name a subject
-- ARGV[1]  "take"; "charge" to count without asking whether there is room, and without a lease; "try" to count without
--          asking, with a lease: all that there is to write
-- ARGV[2]  the lease's name
-- ARGV[3]  how long the lease lasts at most, in milliseconds
-- then for each key: how many at a time, a minute and an hour
--
-- Answers {0}, or {number of the key, 1 at a time | 2 a minute | 3 an hour, milliseconds to wait}, the longest wait.
--
-- A rate is counted in 13 slices, as in window.rs: fields m0 to m12 (5 s each) and h0 to h12 (5 min each) of a hash, each
-- "number of the slice:count". A lease is a member of a sorted set, whose score is when it ends by itself. The store's
-- clock is the one that counts.
--
-- The first command that writes is one that a store refuses where it is full: once a script has written, it lets it write on.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local MINUTE, HOUR, SLICES = { 'm', 5000 }, { 'h', 300000 }, 13

-- The counts by slice, and their sum.
local function counted(key, stretch)
  local current = math.floor(now / stretch[2])
  local fields = {}
  for place = 0, SLICES - 1 do fields[place + 1] = stretch[1] .. place end
  local counts, sum = {}, 0
  for _, field in ipairs(redis.call('HMGET', key .. ':rate', unpack(fields))) do
    if field then
      local slice, count = string.match(field, '^(%d+):(%d+)$')
      slice, count = tonumber(slice), tonumber(count)
      if slice > current - SLICES then
        counts[slice] = count
        sum = sum + count
      end
    end
  end
  return current, counts, sum
end

local function wait(key, stretch, limit)
  local current, counts, sum = counted(key, stretch)
  if sum < limit then return 0 end
  for slice = current - SLICES + 1, current do
    sum = sum - (counts[slice] or 0)
    if sum < limit then return (slice + SLICES) * stretch[2] - now end
  end
  return SLICES * stretch[2]
end

local function add(key, stretch)
  local current, counts = counted(key, stretch)
  redis.call('HSET', key .. ':rate', stretch[1] .. current % SLICES, string.format('%d:%d', current, (counts[current] or 0) + 1))
end

local spent = { 0 }
if ARGV[1] == 'take' then
  for number, key in ipairs(KEYS) do
    local concurrent, per_minute, per_hour = unpack(ARGV, number * 3 + 1, number * 3 + 3)
    local minute, hour = wait(key, MINUTE, tonumber(per_minute)), wait(key, HOUR, tonumber(per_hour))
    local found
    if hour > 0 and hour >= minute then
      found = { number, 3, hour }
    elseif minute > 0 then
      found = { number, 2, minute }
    elseif redis.call('ZCOUNT', key .. ':live', '(' .. now, '+inf') >= tonumber(concurrent) then
      found = { number, 1, 0 }
    end
    if found and (spent[1] == 0 or found[3] > spent[3]) then spent = found end
  end
end
if spent[1] > 0 then return spent end

for _, key in ipairs(KEYS) do
  add(key, MINUTE)
  add(key, HOUR)
  redis.call('PEXPIRE', key .. ':rate', SLICES * HOUR[2])
  if ARGV[1] ~= 'charge' then
    redis.call('ZREMRANGEBYSCORE', key .. ':live', '-inf', now)
    redis.call('ZADD', key .. ':live', now + ARGV[3], ARGV[2])
    redis.call('PEXPIRE', key .. ':live', ARGV[3])
  end
end
return spent
