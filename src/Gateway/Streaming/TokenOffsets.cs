using Halo.Gateway.Contracts;
using Halo.Grains;

namespace Halo.Gateway.Streaming;

/// <summary>
/// Describes one choice's tokens piece by piece and keeps count of where the next one begins. The tokens' texts join to the choice's text, so
/// offsets are sums of lengths; in code points, because that is how most clients index a string, and a character outside the basic plane is
/// one of them.
/// </summary>
internal sealed class TokenOffsets
{
    private int _next;

    /// <summary>The next tokens of the choice, as the four arrays of OpenAI's schema.</summary>
    public TokenLogprobs Describe(IReadOnlyList<TokenText> tokens)
    {
        int[] offsets = new int[tokens.Count];
        for (int index = 0; index < offsets.Length; index++)
        {
            offsets[index] = _next;
            _next += CodePointCount(tokens[index].Text);
        }

        return new TokenLogprobs
        {
            Tokens = [.. tokens.Select(token => token.Text)],
            Values = [.. tokens.Select(token => token.LogProbability)],
            TopLogprobs = [.. tokens.Select(TopOf)],
            TextOffset = offsets,
        };
    }

    // As OpenAI does, the token itself is among its alternatives even if others were likelier. Different tokens may have the same text
    // (pieces of a character have none that can be shown); the likeliest stands for them.
    private static Dictionary<string, float>? TopOf(TokenText token)
    {
        if (token.LogProbability is not { } own)
        {
            return null;
        }

        Dictionary<string, float> top = [];
        foreach (TopToken other in token.Top)
        {
            top.TryAdd(other.Text, other.LogProbability);
        }

        top.TryAdd(token.Text, own);
        return top;
    }

    private static int CodePointCount(string text)
    {
        int count = 0;
        foreach (char unit in text)
        {
            count += char.IsLowSurrogate(unit) ? 0 : 1;
        }

        return count;
    }
}
