using System.Text;
using Halo.Inference.Tokenization;

namespace Halo.Grains.Generations;

/// <summary>
/// The text of a completion as its tokens come. A token's text is what it adds to the completion: empty while a character is incomplete, so that
/// the tokens' texts always join to the whole. Text that might begin a stop text is held back, and its tokens with it.
/// </summary>
internal sealed class CompletionText(ITokenizer tokenizer, IReadOnlyList<string> stops, bool wantsTokens)
{
    private readonly StreamingDetokenizer _detokenizer = new(tokenizer);
    private readonly StopStringMatcher _stops = new(stops);
    private readonly Queue<(TokenText Token, int End)> _held = new(); // tokens whose text has not been let through, with the text's end
    private StreamingDetokenizer? _promptDetokenizer;
    private int _decodedLength;
    private int _emittedLength;
    private int _sampledCount;
    private bool _ended;

    /// <summary>Nothing more will be taken: a stop text or an end token has come.</summary>
    internal bool IsStopped => _ended || _stops.Stopped;

    /// <summary>The echoed prompt. Where its tokens are scored its text comes with them, see <see cref="Given"/>; here is the first.</summary>
    internal GenerationChunk Prompt(string? prompt, int[] tokens, bool scored)
    {
        if (!scored)
        {
            return new GenerationChunk { Text = prompt ?? tokenizer.Decode(tokens) };
        }

        // The sequence's beginning mark has no text, and the tokenizer's own leading space is not the user's.
        _promptDetokenizer = new StreamingDetokenizer(tokenizer, atStart: true);
        string text = tokens[0] == tokenizer.BosToken ? "" : _promptDetokenizer.Append(tokens[0]);
        return new GenerationChunk { Text = text, Tokens = [new TokenText(text, null, [])] };
    }

    /// <summary>A scored token of the prompt.</summary>
    internal GenerationChunk Given(TokenEvent token)
    {
        string text = _promptDetokenizer!.Append(token.Token);
        return new GenerationChunk { Text = text, Tokens = [Describe(text, token)] };
    }

    /// <summary>A sampled token; null where it lets nothing through.</summary>
    internal GenerationChunk? Sampled(TokenEvent token)
    {
        _sampledCount++;
        if (tokenizer.EndTokens.Contains(token.Token))
        {
            _ended = true;
            return null;
        }

        string text = _detokenizer.Append(token.Token);
        _decodedLength += text.Length;
        if (wantsTokens)
        {
            _held.Enqueue((Describe(text, token), _decodedLength));
        }

        return Emit(_stops.Append(text).Text);
    }

    /// <summary>The last chunk.</summary>
    internal GenerationChunk End(int promptTokenCount)
    {
        string rest = "";
        if (!_stops.Stopped)
        {
            rest = _stops.Append(_detokenizer.Flush()).Text;
            rest += _stops.Flush();
        }

        GenerationChunk? last = Emit(rest);
        return (last ?? new GenerationChunk { Text = "" }) with
        {
            FinishReason = IsStopped ? "stop" : "length",
            PromptTokenCount = promptTokenCount,
            CompletionTokenCount = _sampledCount,
        };
    }

    private GenerationChunk? Emit(string text)
    {
        _emittedLength += text.Length;
        List<TokenText> tokens = [];
        while (_held.TryPeek(out (TokenText Token, int End) first) && first.End <= _emittedLength)
        {
            tokens.Add(_held.Dequeue().Token);
        }

        return text.Length > 0 || tokens.Count > 0 ? new GenerationChunk { Text = text, Tokens = [.. tokens] } : null;
    }

    private TokenText Describe(string text, TokenEvent token) => new(
        text, token.LogProbability, [.. token.Top.Select(top => new TopToken(Encoding.UTF8.GetString(tokenizer.TokenBytes(top.Token)), top.LogProbability))]);
}
