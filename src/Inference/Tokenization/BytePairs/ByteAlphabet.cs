namespace Halo.Inference.Tokenization.BytePairs;

/// <summary>
/// How GPT-2's vocabularies write bytes as characters: those that print as themselves stand for themselves, the other 68 are written as U+0100 and on, in
/// order. So a space is <c>Ġ</c> and a line end <c>Ċ</c>.
/// </summary>
internal static class ByteAlphabet
{
    private const int FirstStandIn = 0x100;

    private static readonly char[] s_letters = MakeLetters(); // of each byte
    private static readonly short[] s_bytes = MakeBytes(); // of each letter, or -1

    internal static char Letter(byte value) => s_letters[value];

    /// <summary>The bytes that a text of letters stands for; null where a character is no letter.</summary>
    internal static byte[]? Read(string letters)
    {
        byte[] bytes = new byte[letters.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            if (letters[i] >= s_bytes.Length || s_bytes[letters[i]] < 0)
            {
                return null;
            }

            bytes[i] = (byte)s_bytes[letters[i]];
        }

        return bytes;
    }

    /// <summary>Writes bytes as letters.</summary>
    internal static string Write(ReadOnlySpan<byte> bytes) => string.Create(bytes.Length, bytes, (letters, source) =>
    {
        for (int i = 0; i < letters.Length; i++)
        {
            letters[i] = s_letters[source[i]];
        }
    });

    // The ranges ! to ~, ¡ to ¬ and ® to ÿ are characters that show.
    private static bool Shows(int value) => value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);

    private static char[] MakeLetters()
    {
        char[] letters = new char[256];
        int standIn = FirstStandIn;
        for (int value = 0; value < letters.Length; value++)
        {
            letters[value] = (char)(Shows(value) ? value : standIn++);
        }

        return letters;
    }

    private static short[] MakeBytes()
    {
        short[] bytes = new short[s_letters.Max() + 1];
        bytes.AsSpan().Fill(-1);
        for (int value = 0; value < s_letters.Length; value++)
        {
            bytes[s_letters[value]] = (short)value;
        }

        return bytes;
    }
}
