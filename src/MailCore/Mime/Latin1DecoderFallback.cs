using System.Text;

namespace MailCore.Mime;

/// <summary>Reads each octet that an encoding refuses as the ISO-8859-1 character of its value, so that nothing is lost.</summary>
internal sealed class Latin1DecoderFallback : DecoderFallback
{
    public override int MaxCharCount => 4;

    public override DecoderFallbackBuffer CreateFallbackBuffer() => new Buffer();

    private sealed class Buffer : DecoderFallbackBuffer
    {
        private byte[] _octets = [];
        private int _next;

        public override int Remaining => _octets.Length - _next;

        public override bool Fallback(byte[] bytesUnknown, int index)
        {
            _octets = bytesUnknown;
            _next = 0;
            return bytesUnknown.Length > 0;
        }

        public override char GetNextChar() => _next < _octets.Length ? (char)_octets[_next++] : '\0';

        public override bool MovePrevious()
        {
            if (_next == 0)
                return false;

            _next--;
            return true;
        }

        public override void Reset()
        {
            _octets = [];
            _next = 0;
        }
    }
}
