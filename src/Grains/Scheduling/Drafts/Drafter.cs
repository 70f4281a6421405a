namespace Halo.Grains.Scheduling.Drafts;

/// <summary>
/// Guesses the next tokens of one sequence without a model: where its last tokens stood before, what followed there. Texts that quote, repeat or edit
/// what they were given are guessed well, others hardly.
/// </summary>
/// <param name="costs">What steps of the model take.</param>
/// <param name="limit">As in <see cref="Speculation"/>, and not 0.</param>
/// <param name="endTokens">Nothing is guessed from these on.</param>
internal sealed class Drafter(StepCost costs, int limit, int[] endTokens)
{
    private readonly NGramIndex _index = new();
    private readonly DraftPace _pace = new();
    private readonly int[] _tokens = new int[limit > 0 ? limit : DraftPace.Most];
    private int _run;

    /// <summary>What was guessed for the step that is under way.</summary>
    internal ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, Count);

    /// <summary>How many.</summary>
    internal int Count { get; private set; }

    /// <summary>Guesses what follows a text.</summary>
    /// <param name="text">What was given in calls before, and perhaps more.</param>
    /// <param name="room">Rows that may be used.</param>
    /// <param name="cost">See <see cref="DraftPace.Choose"/>; null asks for none where the number is not given.</param>
    internal void Draft(ReadOnlySpan<int> text, int room, double? cost)
    {
        Count = 0;
        int most = Math.Min(room, _tokens.Length);
        if (most <= 0 || (limit < 0 && cost is null))
        {
            return;
        }

        (_run, int next) = _index.Find(text);
        if (_run == 0)
        {
            return;
        }

        // A place so late that the text ends within what followed it: a period, which goes on with what was guessed.
        int count = limit > 0 ? most : _pace.Choose(_run, most, cost!.Value);
        for (int i = 0; i < count; i++)
        {
            int at = next + i;
            int token = at < text.Length ? text[at] : _tokens[at - text.Length];
            if (endTokens.Contains(token))
            {
                return;
            }

            _tokens[Count++] = token;
        }
    }

    /// <summary>Takes in how many of the guesses were right.</summary>
    internal void Took(int accepted)
    {
        if (Count > 0)
        {
            costs.Count(Count, accepted);
            _pace.Took(_run, Count, accepted);
            Count = 0;
        }
    }

    /// <summary>Nothing became of the guesses: the step failed.</summary>
    internal void Drop() => Count = 0;
}
