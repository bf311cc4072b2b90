#!lua name=tidings

-- The publish path of Tidings, as one atomic step in Valkey: any client in any language publishes with
--
--   FCALL tidings_publish 1 'orders:{acme}' '<json>' [idempotencyKey]          a Log feed
--   FCALL tidings_set 1 'prices:{acme}' '<json>' <retentionMs> [idempotencyKey]   a State feed
--
-- A channel `c` is the pub/sub channel `c` and these keys, all in one cluster slot because of the braces:
--   c              stream, one entry for each event, whose id is `<offset>-0`; the channel's history
--   c:meta         hash { epoch, offset, run }: where the channel stands, and which process of Valkey counts
--   c:once:<key>   string: the event id that was published with this idempotency key
--   c:newest       hash { epoch, version, run, t, p }: the newest value of a State feed, until its retention ends
--   c:members      hash { member → "<expiresAtMs> <json>" }: of a Members feed
--
-- The numbers are put in by the server that loads this library: all servers of a fleet must have the same.

local HISTORY_EVENTS = 1000
local HISTORY_MS = 3600000
local ONCE_MS = 300000

-- How long an idle channel's count is remembered after its history is gone, so that a client which has
-- everything can tell: 30 days, or the history's own time where that is longer.
local META_MS = 2592000000
-- The same for a channel to which nothing was ever published: subscribers can name any.
local EMPTY_META_MS = HISTORY_MS

-- Entries are read in groups, so that the budget in bytes is overrun by no more than one group.
local GROUP = 16

local function integer(number)
  return string.format('%.0f', number)
end

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Random numbers in Lua begin with the same seed after each restart of Valkey, the clock does not. The
-- version digit 8 marks a UUID of one's own making.
local function new_epoch(channel)
  local time = redis.call('TIME')
  local hex = redis.sha1hex(channel .. ' ' .. time[1] .. ' ' .. time[2] .. ' ' .. math.random())
  return hex:sub(1, 8) .. '-' .. hex:sub(9, 12) .. '-8' .. hex:sub(14, 16) .. '-a' .. hex:sub(18, 20)
    .. '-' .. hex:sub(21, 32)
end

-- Which process of Valkey this is. Asked once for each time that the library is loaded.
local this_run = nil
local function run_id()
  if not this_run then
    this_run = redis.call('INFO', 'server'):match('run_id:(%w+)')
  end
  return this_run
end

-- Whether the count that another process of Valkey began may go on in this one. With an append-only file it
-- has all that was ever answered. With a snapshot alone it has an older state, and a replica that was promoted
-- may have one: their events would bear ids that other events have had.
local function same_data(meta, run)
  if run == run_id() then
    return true
  end
  local whole = redis.call('INFO', 'persistence'):find('aof_enabled:1', 1, true)
    and redis.call('INFO', 'replication'):find('master_replid2:0000000000', 1, true)
  if whole then
    redis.call('HSET', meta, 'run', run_id())
  end
  return whole
end

-- Where the channel stands: { epoch, offset }. One that is not known begins a new count.
local function stand(channel)
  local meta = channel .. ':meta'
  local found = redis.call('HMGET', meta, 'epoch', 'offset', 'run')
  if found[1] and found[2] and same_data(meta, found[3]) then
    local offset = tonumber(found[2])
    if offset == 0 then
      redis.call('PEXPIRE', meta, EMPTY_META_MS)
    end
    return found[1], offset
  end
  local epoch = new_epoch(channel)
  redis.call('DEL', channel)
  redis.call('HSET', meta, 'epoch', epoch, 'offset', 0, 'run', run_id())
  redis.call('PEXPIRE', meta, EMPTY_META_MS)
  return epoch, 0
end

-- The key that remembers an idempotency key, if there is one, and the id that was published with it, if any.
local function published_before(channel, idempotency_key)
  if not idempotency_key or idempotency_key == '' then
    return nil, nil
  end
  local once = channel .. ':once:' .. idempotency_key
  return once, redis.call('GET', once)
end

-- Remembers the id that was published, where there is an idempotency key, and returns it.
local function remember(once, id)
  if once then
    redis.call('SET', once, id, 'PX', ONCE_MS)
  end
  return id
end

-- channel; payload, [idempotency key] → event id
local function publish(keys, args)
  local channel = keys[1]
  if not channel or not args[1] then
    return redis.error_reply('ERR tidings_publish takes one key, a payload, and perhaps an idempotency key')
  end
  local once, published = published_before(channel, args[2])
  if published then
    return published
  end
  local epoch, offset = stand(channel)
  offset = offset + 1
  local number = integer(offset)
  local now = integer(now_ms())
  -- First what may fail: an offset that is taken is one that is kept.
  redis.call('XADD', channel, 'MAXLEN', '~', HISTORY_EVENTS, number .. '-0', 't', now, 'p', args[1])
  redis.call('PEXPIRE', channel, HISTORY_MS)
  redis.call('HSET', channel .. ':meta', 'offset', number)
  redis.call('PEXPIRE', channel .. ':meta', META_MS)
  redis.call('PUBLISH', channel, 'tidings/1 ' .. epoch .. ' ' .. number .. ' ' .. now .. '\n' .. args[1])
  return remember(once, epoch .. ':' .. number)
end

-- channel; after, budget in bytes, [epoch, offset that the caller has seen] →
--   { epoch, offset, { { offset, published at, payload }, … } }
--
-- `after` is an offset, or -1 for no events. What the caller has seen and is no longer there tells that Valkey
-- came back with an older state: then the count must not go on as if nothing had happened.
local function history(keys, args)
  local channel = keys[1]
  local after, budget = tonumber(args[1]), tonumber(args[2])
  local epoch, offset = stand(channel)
  if args[3] == epoch and tonumber(args[4]) > offset then
    redis.call('DEL', channel, channel .. ':meta')
    epoch, offset = stand(channel)
  end
  local events = {}
  while after >= 0 and after < offset and budget > 0 do
    local group = redis.call('XRANGE', channel, integer(after + 1) .. '-0', '+', 'COUNT', GROUP)
    if #group == 0 then
      break
    end
    for _, entry in ipairs(group) do
      local number = entry[1]:match('^%d+')
      local fields = entry[2]
      events[#events + 1] = { number, fields[2], fields[4] }
      budget = budget - #fields[4]
      after = tonumber(number)
    end
  end
  return { epoch, integer(offset), events }
end

-- channel; payload, retention in ms, [idempotency key] → id of this value
--
-- Keeps the payload as the newest value of a State feed, and sends it. Versions count within an epoch, as offsets do.
local function set(keys, args)
  local channel = keys[1]
  local retention = tonumber(args[2])
  if not channel or not args[1] or not retention or retention < 1 then
    return redis.error_reply('ERR tidings_set takes one key, a payload, a retention in ms, and perhaps an idempotency key')
  end
  local once, published = published_before(channel, args[3])
  if published then
    return published
  end
  local newest = channel .. ':newest'
  local found = redis.call('HMGET', newest, 'epoch', 'version', 'run')
  local epoch, version = found[1], tonumber(found[2] or '')
  if not epoch or not version or not same_data(newest, found[3]) then
    epoch, version = new_epoch(channel), 0
  end
  version = integer(version + 1)
  local now = integer(now_ms())
  redis.call('HSET', newest, 'epoch', epoch, 'version', version, 'run', run_id(), 't', now, 'p', args[1])
  redis.call('PEXPIRE', newest, integer(retention))
  redis.call('PUBLISH', channel, 'tidings/1 ' .. epoch .. ' ' .. version .. ' ' .. now .. '\n' .. args[1])
  return remember(once, epoch .. ':' .. version)
end

-- channel → { epoch, version, published at, payload, expires in ms } of the newest value, or {} where none is kept
local function newest(keys, args)
  local key = keys[1] .. ':newest'
  local found = redis.call('HMGET', key, 'epoch', 'version', 't', 'p')
  if not found[4] then
    return {}
  end
  found[5] = math.max(redis.call('PTTL', key), 0)
  return found
end

-- The elements of a Members feed's members that have not expired, as one JSON array, in the order of their names.
local function live_members(channel, now)
  local all = redis.call('HGETALL', channel .. ':members')
  local live, expired = {}, {}
  for i = 1, #all, 2 do
    local expires, element = all[i + 1]:match('^(%d+) (.*)$')
    -- Skips values that `tidings_report` did not write.
    if expires and tonumber(expires) > now then
      live[#live + 1] = { all[i], element }
    else
      expired[#expired + 1] = all[i]
    end
  end
  table.sort(live, function(a, b) return a[1] < b[1] end)
  local elements = {}
  for i, member in ipairs(live) do
    elements[i] = member[2]
  end
  return '[' .. table.concat(elements, ',') .. ']', expired
end

-- channel; member, element as JSON (empty: the member leaves), time to live in ms → bytes of the list
local function report(keys, args)
  local channel = keys[1]
  local now = now_ms()
  local ttl = tonumber(args[3])
  if args[2] == '' then
    redis.call('HDEL', channel .. ':members', args[1])
  else
    redis.call('HSET', channel .. ':members', args[1], integer(now + ttl) .. ' ' .. args[2])
    redis.call('PEXPIRE', channel .. ':members', ttl)
  end
  local elements, expired = live_members(channel, now)
  -- In parts: `unpack` has a limit.
  for first = 1, #expired, 1000 do
    local last = math.min(first + 999, #expired)
    redis.call('HDEL', channel .. ':members', unpack(expired, first, last))
  end
  redis.call('PUBLISH', channel, elements)
  return #elements
end

-- channel → the elements as one JSON array
local function members(keys, args)
  local elements = live_members(keys[1], now_ms())
  return elements
end

redis.register_function('tidings_publish', publish)
-- Reading goes on when Valkey is full: all it ever writes is where a channel stands.
redis.register_function{ function_name = 'tidings_history', callback = history, flags = { 'allow-oom' } }
redis.register_function('tidings_set', set)
redis.register_function{ function_name = 'tidings_newest', callback = newest, flags = { 'no-writes' } }
redis.register_function('tidings_report', report)
redis.register_function{ function_name = 'tidings_members', callback = members, flags = { 'no-writes' } }
