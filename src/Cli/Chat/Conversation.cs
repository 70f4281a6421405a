using Halo.Inference.Templates;

namespace Halo.Cli.Chat;

/// <summary>What was said, and what of it the model sees.</summary>
/// <param name="form">Makes tokens of it.</param>
/// <param name="contextLength">Tokens that the model sees, its answer included.</param>
/// <param name="mostAnswerTokens">Tokens of an answer at most; null for as many as there is room for.</param>
/// <param name="time">For templates that tell the date.</param>
internal sealed class Conversation(ChatForm form, int contextLength, int? mostAnswerTokens, TimeProvider time)
{
    private readonly List<ChatMessage> _messages = [];

    /// <summary>What the model is told before; null for nothing.</summary>
    internal string? System { get; set; }

    internal int ContextLength => contextLength;

    internal ChatForm Form => form;

    /// <summary>Messages of the user and the model that are kept.</summary>
    internal int MessageCount => _messages.Count;

    internal void Clear() => _messages.Clear();

    /// <summary>
    /// Takes a message, and gives what the model is to continue and how long its answer may be. Where the conversation leaves too little room for an
    /// answer, the oldest turns are left out, now and from then on.
    /// </summary>
    /// <exception cref="TemplateException">The template refuses the conversation; the message is not kept.</exception>
    /// <exception cref="MessageTooLongException">The message alone leaves no room; it is not kept.</exception>
    internal ChatTurn Say(string message)
    {
        _messages.Add(new ChatMessage("user", message));
        try
        {
            int leftOut = 0;
            int room = Math.Clamp(mostAnswerTokens ?? int.MaxValue, 1, Math.Max(1, contextLength / 4));
            int[] tokens = Encode();
            while (tokens.Length + room > contextLength && _messages.Count > 1)
            {
                leftOut += LeaveOutOldestTurn();
                tokens = Encode();
            }

            return tokens.Length < contextLength
                ? new ChatTurn(tokens, Math.Min(mostAnswerTokens ?? int.MaxValue, contextLength - tokens.Length), leftOut)
                : throw new MessageTooLongException(tokens.Length, contextLength);
        }
        catch
        {
            _messages.RemoveAt(_messages.Count - 1);
            throw;
        }
    }

    /// <summary>Takes the model's answer, whole or cut short.</summary>
    internal void Answer(string answer) => _messages.Add(new ChatMessage("assistant", answer));

    /// <summary>Fails now if the template would refuse whatever is said.</summary>
    /// <exception cref="TemplateException">It does.</exception>
    internal void Check() => Encode([new ChatMessage("user", "Hello")]);

    private int[] Encode() => Encode(_messages);

    private int[] Encode(IEnumerable<ChatMessage> messages) => form.Template.Encode(
        new ChatInputs { Messages = [.. System is null ? [] : (ChatMessage[])[new("system", System)], .. messages], Now = time.GetLocalNow() }, form.Tokenizer);

    // A user's message with what answers it: templates want turns to alternate.
    private int LeaveOutOldestTurn()
    {
        int next = _messages.FindIndex(1, message => message.Role == "user");
        _messages.RemoveRange(0, next);
        return next;
    }
}

/// <summary>What the model is to continue.</summary>
/// <param name="Tokens">The prompt.</param>
/// <param name="MaxTokens">Tokens of the answer at most.</param>
/// <param name="LeftOut">Old messages that were left out this time.</param>
internal sealed record ChatTurn(int[] Tokens, int MaxTokens, int LeftOut);

/// <summary>A message that leaves no room for an answer.</summary>
internal sealed class MessageTooLongException(int tokenCount, int contextLength)
    : Exception($"The message comes to {tokenCount} tokens and the context is {contextLength}, the answer included; it was not sent. Shorten it, or raise --context.");
