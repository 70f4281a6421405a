using System.Globalization;
using System.Text;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>One HTTP message, byte for byte as it is on the wire.</summary>
internal sealed class WireMessage(byte[] bytes, int bodyAt)
{
    private const int MostHeadBytes = 64 << 10;

    /// <summary>Head and body; tests change them in place.</summary>
    internal byte[] Bytes => bytes;

    internal int BodyAt => bodyAt;

    /// <summary>Method, path and query, or protocol and status.</summary>
    internal string FirstLine => Head[..Head.IndexOf('\r', StringComparison.Ordinal)];

    internal string Path => FirstLine.Split(' ')[1].Split('?')[0];

    internal int Status => int.Parse(FirstLine.Split(' ')[1], CultureInfo.InvariantCulture);

    private string Head => Encoding.ASCII.GetString(bytes, 0, bodyAt);

    /// <summary>Where the value of a header begins.</summary>
    internal int ValueAt(string header) =>
        Head.IndexOf($"\r\n{header}: ", StringComparison.OrdinalIgnoreCase) is >= 0 and int at
            ? at + header.Length + 4
            : throw new InvalidOperationException($"There is no {header} in '{Head}'.");

    /// <summary>Where a text of the head begins.</summary>
    internal int At(string text) => Head.IndexOf(text, StringComparison.Ordinal) is >= 0 and int at
        ? at
        : throw new InvalidOperationException($"There is no {text} in '{Head}'.");

    /// <summary>Changes one bit.</summary>
    internal void Flip(int at) => bytes[at] ^= 1;

    /// <summary>Reads the next message; null where the other end closed before it.</summary>
    internal static async Task<WireMessage?> ReadAsync(Stream stream, Func<Task>? onExpect = null)
    {
        List<byte> head = [];
        byte[] one = new byte[1];
        while (head.Count < 4 || !head[^4..].SequenceEqual("\r\n\r\n"u8.ToArray()))
        {
            if (head.Count > MostHeadBytes || await stream.ReadAsync(one) == 0)
            {
                return null;
            }

            head.Add(one[0]);
        }

        string text = Encoding.ASCII.GetString([.. head]);
        if (onExpect is not null && text.Contains("100-continue", StringComparison.OrdinalIgnoreCase))
        {
            await onExpect();
        }

        byte[] message = [.. head, .. new byte[BodyBytes(text)]];
        await stream.ReadExactlyAsync(message.AsMemory(head.Count));
        WireMessage read = new(message, head.Count);
        return text.StartsWith("HTTP/1.1 1", StringComparison.Ordinal) ? await ReadAsync(stream) : read;
    }

    private static int BodyBytes(string head)
    {
        string? line = head.Split("\r\n").FirstOrDefault(line => line.StartsWith("content-length:", StringComparison.OrdinalIgnoreCase));
        return line is null ? 0 : int.Parse(line.AsSpan("content-length:".Length), CultureInfo.InvariantCulture);
    }
}
