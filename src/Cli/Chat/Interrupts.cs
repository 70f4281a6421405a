using System.Runtime.InteropServices;

namespace Halo.Cli.Chat;

/// <summary>What Ctrl-C ends: the answer that is being given; between answers, said twice, the program; before the first message, the program.</summary>
internal sealed class Interrupts : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _program;
    private readonly PosixSignalRegistration _registration;
    private readonly Action _hint;
    private CancellationTokenSource? _answer;
    private bool _isWaiting;
    private bool _isHinted;

    /// <param name="hint">Tells the user how to end the program.</param>
    /// <param name="cancellationToken">Ends the program too.</param>
    internal Interrupts(Action hint, CancellationToken cancellationToken)
    {
        _hint = hint;
        _program = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _registration = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            Interrupt();
        });
    }

    /// <summary>The program ends.</summary>
    internal CancellationToken Program => _program.Token;

    /// <summary>A message is awaited.</summary>
    internal void BeginWaiting()
    {
        lock (_lock)
        {
            _isWaiting = true;
            _isHinted = false;
        }
    }

    /// <summary>An answer is being given; the token ends it. Dispose the source after the answer.</summary>
    internal CancellationTokenSource BeginAnswer()
    {
        lock (_lock)
        {
            _isWaiting = false;
            _answer = CancellationTokenSource.CreateLinkedTokenSource(_program.Token);
            return _answer;
        }
    }

    /// <summary>The answer has ended.</summary>
    internal void EndAnswer()
    {
        lock (_lock)
        {
            _answer?.Dispose();
            _answer = null;
        }
    }

    internal void Interrupt()
    {
        lock (_lock)
        {
            if (_answer is not null)
            {
                _answer.Cancel();
            }
            else if (_isWaiting && !_isHinted)
            {
                _isHinted = true;
                _hint();
            }
            else
            {
                _program.Cancel();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _registration.Dispose();
        _answer?.Dispose();
        _program.Dispose();
    }
}
