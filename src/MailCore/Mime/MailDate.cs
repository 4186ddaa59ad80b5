using System.Buffers.Text;
using System.Text;

namespace MailCore.Mime;

/// <summary>Dates of message headers (RFC 5322 3.3 and 4.3).</summary>
public static class MailDate
{
    // Octets without comments and superfluous white space; what is behind them is no date.
    private const int MaxLength = 128;

    /// <summary>
    /// Reads a date with the zone it was written in, so that its <see cref="DateTimeOffset.Date"/> is the day the sender saw
    /// (SEARCH SENTON, RFC 9051 6.4.4). Comments, obsolete years and zones are understood, the order of the tokens matters
    /// little, a missing time is midnight; a zone that is unknown or out of range counts as UTC.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> value, out DateTimeOffset date)
    {
        if (UsualDate.TryParse(value, out date))
            return true;

        Span<byte> room = stackalloc byte[MaxLength];
        ReadOnlySpan<byte> text = room[..Simplify(value, room)];
        var fields = new Fields { Day = -1, Year = -1 };
        for (var token = NextToken(ref text); !token.IsEmpty; token = NextToken(ref text))
        {
            if (!fields.Take(token))
                return false;
        }

        return fields.TryBuild(out date);
    }

    /// <summary>Leaves out comments, and white space around colons: both may stand anywhere (RFC 5322 4.3).</summary>
    private static int Simplify(ReadOnlySpan<byte> value, Span<byte> into)
    {
        var written = 0;
        var depth = 0;
        for (var i = 0; i < value.Length && written < into.Length; i++)
        {
            var octet = value[i];
            if (depth > 0 && octet == '\\')
                i++;
            else if (octet == '(')
                depth++;
            else if (octet == ')' && depth > 0)
                depth--;
            else if (depth == 0)
                Append(octet, into, ref written);
        }

        return written;
    }

    private static void Append(byte octet, Span<byte> into, ref int written)
    {
        var last = written == 0 ? (byte)' ' : into[written - 1];
        if (HeaderLexer.IsBlank(octet) || octet == ',')
        {
            if (last is not ((byte)' ' or (byte)':'))
                into[written++] = (byte)' ';

            return;
        }

        if (octet == ':' && last == ' ' && written > 0)
            written--;

        into[written++] = octet;
    }

    private static ReadOnlySpan<byte> NextToken(ref ReadOnlySpan<byte> text)
    {
        text = text.TrimStart((byte)' ');

        // A sign begins a token: 21-Nov-97, GMT+0200.
        var end = text.IsEmpty ? -1 : text[1..].IndexOfAny((byte)' ', (byte)'+', (byte)'-');
        var token = end < 0 ? text : text[..(end + 1)];
        text = text[token.Length..];
        return token;
    }

    private struct Fields
    {
        public int Day;
        public int Month;
        public int Year;
        private int _hour;
        private int _minute;
        private int _second;
        private int _offset;
        private bool _hasTime;

        public bool Take(ReadOnlySpan<byte> token)
        {
            if (token[0] is (byte)'+' or (byte)'-')
            {
                if (_hasTime)
                {
                    TakeOffset(token);
                    return true;
                }

                token = token[1..];
                if (token.IsEmpty)
                    return true;
            }

            if (!char.IsAsciiDigit((char)token[0]))
            {
                TakeName(token);
                return true;
            }

            return token.Contains((byte)':') ? TakeTime(token) : TakeNumber(token);
        }

        public readonly bool TryBuild(out DateTimeOffset date)
        {
            date = default;
            if (Month == 0 || Year is < 1 or > 9999 || Day < 1 || Day > DateTime.DaysInMonth(Year, Month))
                return false;

            var local = new DateTime(Year, Month, Day, _hour, _minute, _second, DateTimeKind.Unspecified);
            var utc = local.Ticks - _offset * TimeSpan.TicksPerMinute;
            if (utc < DateTime.MinValue.Ticks || utc > DateTime.MaxValue.Ticks)
                return false;

            date = new DateTimeOffset(local, TimeSpan.FromMinutes(_offset));
            return true;
        }

        private bool TakeNumber(ReadOnlySpan<byte> token)
        {
            if (!Utf8Parser.TryParse(token, out int number, out var used) || used != token.Length)
                return false;

            if (Day < 0 && token.Length <= 2)
            {
                Day = number;
            }
            else if (Year < 0)
            {
                // RFC 5322 4.3
                Year = token.Length switch
                {
                    <= 2 => number < 50 ? 2000 + number : 1900 + number,
                    3 => 1900 + number,
                    _ => number,
                };
            }

            return true;
        }

        private bool TakeTime(ReadOnlySpan<byte> token)
        {
            if (!Part(ref token, 23, out _hour) || !Part(ref token, 59, out _minute))
                return false;

            // A leap second has no place in DateTime.
            if (!token.IsEmpty && !Part(ref token, 60, out _second))
                return false;

            _second = Math.Min(_second, 59);
            _hasTime = true;
            return true;
        }

        private static bool Part(ref ReadOnlySpan<byte> token, int max, out int value)
        {
            if (!Utf8Parser.TryParse(token, out value, out var used) || used > 2 || value > max || value < 0)
                return false;

            token = token[used..].TrimStart(":."u8);
            return true;
        }

        private void TakeName(ReadOnlySpan<byte> token)
        {
            if (Month == 0 && token.Length >= 3)
                Month = MonthOf(token[..3]);

            if (_hasTime)
                TakeZone(token);
        }

        private static int MonthOf(ReadOnlySpan<byte> name)
        {
            var months = "JanFebMarAprMayJunJulAugSepOctNovDec"u8;
            for (var month = 0; month < 12; month++)
            {
                if (Ascii.EqualsIgnoreCase(months.Slice(month * 3, 3), name))
                    return month + 1;
            }

            return 0;
        }

        private void TakeZone(ReadOnlySpan<byte> token)
        {
            if (token.Length != 3 || token[2] is not ((byte)'T' or (byte)'t'))
                return;

            var west = (token[0] | 0x20) switch
            {
                'e' => 5,
                'c' => 6,
                'm' => 7,
                'p' => 8,
                _ => 0,
            };
            var kind = token[1] | 0x20;
            if (west > 0 && kind is ('s' or 'd'))
                _offset = (kind == 'd' ? 1 - west : -west) * 60;
        }

        private void TakeOffset(ReadOnlySpan<byte> token)
        {
            var digits = 0;
            var value = 0;
            foreach (var octet in token[1..])
            {
                if (char.IsAsciiDigit((char)octet) && digits < 4)
                {
                    value = value * 10 + octet - '0';
                    digits++;
                }
                else if (octet != ':')
                {
                    return;
                }
            }

            var minutes = digits <= 2 ? value * 60 : value / 100 * 60 + value % 100;
            if (minutes <= 14 * 60 && value % 100 < 60)
                _offset = token[0] == '-' ? -minutes : minutes;
        }
    }
}
