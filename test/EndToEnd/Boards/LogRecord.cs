using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>Keeps what is logged.</summary>
internal sealed class LogRecord : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _complaints = new();

    /// <summary>Warnings and worse so far.</summary>
    internal IEnumerable<string> Complaints => _complaints;

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            _complaints.Enqueue($"{formatter(state, exception)} {exception?.Message}");
        }
    }

    public void Dispose()
    {
    }
}
