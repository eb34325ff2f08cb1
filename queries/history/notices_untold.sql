-- Those that nobody has claimed for a channel, or that did not arrive
SELECT n.id, n.source, n.created, n.body
FROM notice AS n
LEFT JOIN delivery AS d ON d.notice = n.id AND d.channel = $1
WHERE n.created >= $2 AND (d.notice IS NULL OR d.state = 'again')
ORDER BY n.created, n.id
